/**
 * The order of the lab's test files: always the same, so that a run can be repeated, and so that files that share a state
 * follow each other (each apply that finds another topology first waits until the former one's connections are forgotten).
 * A file that is not named comes last. The other kinds keep vitest's own order.
 */
import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Machines as they come first, then the cluster of dr.yaml, then all topologies, then the other profile. */
export const LAB_ORDER: readonly string[] = [
  'machines',
  'faults',
  'lifetime',
  'kernel-ipvs',
  'apply-faults',
  'agent',
  'reconcile',
  'schedulers',
  'drain',
  'policy',
  'failover',
  'via-vip',
  'sync',
  'handover',
  'pinned',
  'virtual-mac',
  'upgrade',
  'tunnels',
  'connection-table',
  'topologies',
  'ipv6',
  'sctp',
  'migrate',
  'hostile',
  'hostile-apply',
];

export class LabOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLab = ({ project }: TestSpecification) => project.name === 'lab';
    return [...sorted.filter((file) => !isLab(file)), ...sorted.filter(isLab).sort((a, b) => placeOf(a) - placeOf(b))];
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = LAB_ORDER.indexOf(basename(moduleId, '.test.ts'));
  return place < 0 ? LAB_ORDER.length : place;
}
