// Takes 3 ms to load: when a capture comes through a pipe.
exports.Socket = Socket

function Socket(options) {
  return new (require('node:net').Socket)(options)
}
