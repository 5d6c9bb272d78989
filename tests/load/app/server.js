// An app that misbehaves on request: behaviour.json, which each release carries, says how.
const crypto = require('node:crypto')
const http = require('node:http')
const { kind } = require('./behaviour.json')

const started = Date.now()
const release = process.env.RELEASE
const broken = () => kind === '500-after-10s' && Date.now() - started > 10_000

const routes = {
  '/health': (request, reply) => (kind === 'unhealthy' ? reply(503, { release }) : reply(200, { release, status: 'ok' })),
  '/slow': (request, reply) => setTimeout(() => reply(200, { release }), 2000),
  '/upload': (request, reply) => {
    let bytes = 0
    request.on('data', (chunk) => (bytes += chunk.length))
    request.on('end', () => reply(200, { release, bytes }))
  },
  '/': (request, reply) => reply(kind === 'broken-page' ? 500 : 200, { release, page: 'welcome' }),
}

const server = http.createServer((request, response) => {
  const reply = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  const route = routes[request.url.split('?')[0]]
  if (broken()) reply(500, { release })
  else if (route) route(request, reply)
  else reply(404, { release })
})

// A websocket that answers every text with the release.
server.on('upgrade', (request, socket) => {
  const key = crypto.createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n`)
  const frame = () => Buffer.concat([Buffer.from([0x81, release.length]), Buffer.from(release)])
  socket.on('data', (data) => ((data[0] & 15) === 8 ? socket.end(Buffer.from([0x88, 0])) : socket.write(frame())))
  socket.on('error', () => socket.destroy())
})

if (kind === 'crash') {
  console.error('this release cannot start')
  process.exit(3)
}
setTimeout(() => server.listen(4000), kind === 'slow-start' ? 120_000 : 0)
// Finishes what it has begun.
process.on('SIGTERM', () => server.close(() => process.exit(0)))
