/** A live view that fails while it draws: started by tmux.test.ts in a terminal. */
import { LiveApp } from '../../src/live/app.ts'
import { createStyle } from '../../src/render/style.ts'

let quit = () => {}
const ended = new Promise((resolve) => {
  quit = resolve
})
const app = new LiveApp({ style: createStyle(false), unicode: true, timeFormat: 'utc', quit: () => quit() })
app.start()
Object.defineProperty(app.model.log, 'visible', {
  value: () => {
    throw new Error('drawn badly')
  },
})
app.touch()
await ended
app.close()
process.stdout.write(`caught: ${app.failure.message}\n`)
