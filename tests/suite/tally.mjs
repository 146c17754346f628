// Writes one line for each test of the suite: kind, result and id. A test counts only if those that it depends on pass.
//
//     node tally.mjs SUITE RESULTS.json

import fs from 'fs'
import path from 'path'
import process from 'process'
import { pathToFileURL } from 'url'

const [suite, results] = process.argv.slice(2)
const load = file => import(pathToFileURL(path.join(path.resolve(suite), file)).href)
const tests = (await load('tests/index.mjs')).default
// The program of the suite writes other lines before the results.
const text = fs.readFileSync(results, 'utf8')
const found = JSON.parse(text.slice(text.indexOf('{')))

// `Surrogate-Control` is not a standard field, and the suite does not count its tests either.
const all = tests.flatMap(group => group.tests).filter(test => !test.browser_only)
const byId = new Map(all.map(test => [test.id, test]))
const kindOf = test => test.kind ?? 'required'

function resultOf (test) {
  const missing = (test.depends_on ?? []).some(id => byId.has(id) && resultOf(byId.get(id)) !== 'pass')
  if (missing) return 'untested'
  const result = found[test.id]
  if (result === true) return 'pass'
  if (result === undefined) return 'untested'
  return result[0] === 'Setup' ? 'setup' : kindOf(test) === 'check' ? 'no' : 'fail'
}

const counts = {}
const lines = all.map(test => {
  const result = resultOf(test)
  const count = counts[kindOf(test)] ??= { pass: 0, of: 0 }
  count.of++
  if (result === 'pass') count.pass++
  return `${kindOf(test)} ${result} ${test.id}`
})
const shown = ['required', 'optimal', 'check'].map(kind => `${kind} ${counts[kind].pass} of ${counts[kind].of}`)
console.log(`# ${shown.join(', ')}`)
console.log(lines.sort().join('\n'))
