import type { Survey } from './survey.ts'
import { differenceText, type Tally } from './tally.ts'

const NAME_WIDTH = 36
const LISTED = 300

/** The table that `make oracles` prints. */
export function surveyTable(title: string, survey: Survey): string {
  const { tshark, tcptrace } = survey.files
  const head = `${title}: ${tshark} captures held to tshark, ${tcptrace} to tcptrace`
  const columns = ['compared', 'equal', '', 'explained', 'unexplained']
  const rows = survey.tallies.filter(([, tally]) => tally.compared > 0)
  return [
    head,
    line('', columns),
    ...rows.map(([name, tally]) => line(name, cells(tally))),
    ...[...rulesOf(rows)].map(([rule, count]) => `  explained by ${rule}: ${count}`),
    ...rows.flatMap(([name, tally]) =>
      tally.unexplained.slice(0, LISTED).map((difference) => `  ✗ ${name}: ${differenceText(difference)}`),
    ),
    '',
  ].join('\n')
}

function cells(tally: Tally): string[] {
  const explained = [...tally.explained.values()].flat().length
  const percent = `${(tally.share * 100).toFixed(3)} %`
  return [`${tally.compared}`, `${tally.equal}`, percent, `${explained}`, `${tally.unexplained.length}`]
}

function rulesOf(rows: readonly (readonly [string, Tally])[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [, tally] of rows)
    for (const [rule, differences] of tally.explained)
      counts.set(rule, (counts.get(rule) ?? 0) + differences.length)
  return counts
}

const line = (name: string, values: readonly string[]) =>
  name.padEnd(NAME_WIDTH) + values.map((value) => value.padStart(12)).join('')
