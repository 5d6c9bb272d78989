if (require('./behaviour.json').kind === 'failing-migration') {
  console.error('relation "users" does not exist')
  process.exit(1)
}
