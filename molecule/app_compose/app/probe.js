require('http')
  .get('http://127.0.0.1:4000/health', r => process.exit(r.statusCode < 400 ? 0 : 1))
  .on('error', () => process.exit(1))
