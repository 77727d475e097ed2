/** Outlives the test run, however that ends (^C, SIGKILL), to take its lab down: `node lab-guard.ts NAME`, until stdin ends. */
import { placeOf } from '../../vm-lab/place.ts';
import { down } from '../../vm-lab/up.ts';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
for await (const _ of process.stdin);
await down(placeOf(process.argv[2]));
