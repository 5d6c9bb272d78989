// Answers /health with the release and what Redis says to a PING.
const http = require('node:http')
const redis = require('./redis')

http
  .createServer(async (request, response) => {
    const [pong, migrations] = await redis('PING', 'GET migrations').catch((error) => [error.message])
    response.writeHead(pong === 'PONG' ? 200 : 503, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ redis: pong, migrations, release: process.env.RELEASE }))
  })
  .listen(4000)
process.on('SIGTERM', () => process.exit(0))
