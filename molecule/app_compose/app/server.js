// Answers /health with the release, what Redis says to a PING, and what the build baked in.
const fs = require('node:fs')
const http = require('node:http')
const redis = require('./redis')

const baked = fs.readFileSync('.env.production', 'utf8')

http
  .createServer(async (request, response) => {
    const [pong, migrations] = await redis('PING', 'GET migrations').catch((error) => [error.message])
    response.writeHead(pong === 'PONG' ? 200 : 503, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ redis: pong, migrations, baked, release: process.env.RELEASE }))
  })
  .listen(4000)
process.on('SIGTERM', () => process.exit(0))
