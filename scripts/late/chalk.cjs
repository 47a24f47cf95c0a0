// Takes 2 ms to load: when a text gets its colours.
exports.Chalk = Chalk

function Chalk(options) {
  return new (require('chalk').Chalk)(options)
}
