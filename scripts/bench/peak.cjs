// Preloaded by list.mjs: at its end a process says what it had at most in memory. Not `ru_maxrss`, which a process
// inherits from the one that it was before exec(2).
const { readFileSync, writeSync } = require('node:fs')

process.on('exit', () => {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))
  writeSync(2, `peak ${kilobytes}`)
})
