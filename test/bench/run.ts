/** `npm run bench -- NAME`: each measures us and a peer in turn in one run and prints ratios; what counts is the ratio. */
const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  apply: async () => (await import('./apply/apply.ts')).benchApply(),
  failover: async (args) => (await import('./failover/failover.ts')).benchFailover(args),
  ipvs: async (args) => (await import('./ipvs/ipvs.ts')).benchIpvs(args),
  checks: async (args) => (await import('./checks/checks.ts')).benchChecks(args),
};

const [name = '', ...args] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`npm run bench -- NAME, where NAME is one of: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(5);
}
await bench(args);
