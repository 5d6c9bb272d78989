// Takes words, which the worker turns round.
const { createServer } = require('node:http');
const { Pool } = require('pg');

const pool = new Pool({ connectionString: process.env.DATABASE_URL });

async function answer(request) {
  if (request.url === '/health') return (await pool.query('SELECT count(*) FROM jobs')).rows[0];
  const word = decodeURIComponent(request.url.slice(1));
  if (request.method === 'POST') return (await pool.query('INSERT INTO jobs (word) VALUES ($1) RETURNING id', [word])).rows[0];
  return (await pool.query('SELECT word, done FROM jobs ORDER BY id')).rows;
}

createServer(async (request, response) => {
  try {
    const body = JSON.stringify(await answer(request));
    response.setHeader('content-type', 'application/json');
    response.end(body);
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
}).listen(4000);
