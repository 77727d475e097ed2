/**
 * `node recording-to-case-program.ts RECORDING NAME RFC ASKS [OURS]`: a recording of the live process (`lvs-agent ctl record
 * start`, then `stop`; /var/lib/lvs-agent/recordings) becomes the conformance case test/vrrp/conformance/NAME.
 *
 * The recording must replay. Hold the outputs against the RFC before they are committed: they are what happened, not what ought
 * to have. Where that differs, write down what ought to happen and mend the machine until the case passes.
 */
import { readFileSync } from 'node:fs';
import { caseOf, writeCase } from './conformance-case.ts';
import { firstDifference, readRecording } from './replay.ts';

const [path, name, rfc, asks, ours] = process.argv.slice(2);
if (path === undefined || name === undefined || rfc === undefined || asks === undefined)
  throw new Error('usage: recording-to-case-program.ts RECORDING NAME RFC ASKS [OURS]');

const recording = readRecording(readFileSync(path, 'utf8'));
const difference = firstDifference(recording);
if (difference !== undefined) throw new Error(`it does not replay: ${JSON.stringify(difference)}`);
writeCase(caseOf(recording, name, { rfc, asks, ...(ours === undefined ? {} : { ours }) }));
