import { test } from 'node:test'
import { corporaTest } from '../support/corpora.ts'
import { fuzzCaptures, fuzzRound, type Round } from '../support/fuzz-round.ts'

const SEED = 20_261_122
const ROUNDS = process.env['SOCKTRACE_FULL'] === '1' ? 5000 : 250

async function rounds(folder: string | undefined): Promise<void> {
  const captures = fuzzCaptures(folder)
  for (let number = 0; number < ROUNDS; number++) {
    let last: Round | undefined
    try {
      await fuzzRound(captures, SEED, number, (round) => {
        last = round
      })
    } catch (error) {
      throw new Error(`make fuzz SEED=${SEED} ROUND=${number}: read ${last?.args.join(' ')}`, {
        cause: error,
      })
    }
  }
}

test(`${ROUNDS} damaged captures of scenarios: no error, nothing impossible is said`, () => rounds(undefined))

corporaTest(`${ROUNDS} damaged public captures: no error, nothing impossible is said`, rounds)
