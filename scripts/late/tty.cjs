// Takes 4 ms to load: only where a terminal may be.
const { fstatSync } = require('node:fs')

/** Major number of /dev/null and its like. */
const MEMORY = 1

exports.isatty = (fd) => isDevice(fd) && require('node:tty').isatty(fd)

function isDevice(fd) {
  try {
    const stats = fstatSync(fd)
    return stats.isCharacterDevice() && stats.rdev >> 8 !== MEMORY
  } catch {
    return false
  }
}
