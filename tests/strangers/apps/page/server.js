// One service without a database and without packages.
const { createServer } = require('node:http');

createServer((request, response) => {
  if (request.url === '/healthz') return response.end('ok');
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<h1>${process.env.GREETING}</h1><p>${process.env.PUBLIC_URL}</p>`);
}).listen(8080);
