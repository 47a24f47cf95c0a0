// Takes 6 ms to load: when a pager or one of commander's commands in files of their own is started.
for (const name of ['spawn', 'spawnSync'])
  exports[name] = (...all) => require('node:child_process')[name](...all)
