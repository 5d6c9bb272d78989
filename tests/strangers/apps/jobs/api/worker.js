const { Pool } = require('pg');

const pool = new Pool({ connectionString: process.env.DATABASE_URL });
setInterval(() => pool.query('UPDATE jobs SET done = reverse(word) WHERE done IS NULL').catch(console.error), 200);
