// The release command: counts how often it ran.
const redis = require('./redis')

redis('INCR migrations').then(([count]) => console.log(`migration ${count}`))
