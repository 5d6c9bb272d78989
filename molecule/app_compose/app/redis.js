// Sends commands in Redis' inline form and gives the replies' texts.
const net = require('node:net')

module.exports = (...commands) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(6379, 'redis', () => {
      socket.end([`AUTH ${process.env.REDIS_PASSWORD}`, ...commands, 'QUIT', ''].join('\r\n'))
    })
    let text = ''
    socket.setTimeout(2000, () => socket.destroy(new Error('redis does not answer')))
    socket.on('data', (data) => (text += data))
    socket.on('error', reject)
    socket.on('close', () => {
      const replies = text.split('\r\n').filter((line) => line && !line.startsWith('$'))
      resolve(replies.slice(1, 1 + commands.length).map((line) => line.replace(/^[+:-]/, '')))
    })
  })
