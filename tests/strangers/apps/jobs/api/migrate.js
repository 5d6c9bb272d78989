const { Client } = require('pg');

const client = new Client({ connectionString: process.env.DATABASE_URL });
client
  .connect()
  .then(() => client.query('CREATE TABLE IF NOT EXISTS jobs (id serial PRIMARY KEY, word text, done text)'))
  .then(() => client.end());
