/** What a refused change of the IPVS table means: the kernel gives a bare errno (no extended acknowledgement), the words are ours. */
import { destinationKey, type IpvsChange, serviceKey } from '../wire/ipvs.ts';
import type { Acknowledgement } from '../wire/netlink.ts';
import { KernelError } from './kernel-error.ts';
import { ENOENT, ESRCH } from './linux-abi.ts';

const EEXIST = 17;

const OPERATIONS: Readonly<Record<IpvsChange['op'], string>> = {
  'new-service': 'add service',
  'set-service': 'change service',
  'delete-service': 'delete service',
  'new-destination': 'add destination',
  'set-destination': 'change destination',
  'delete-destination': 'delete destination',
};

/** @returns undefined for a change that was done. */
export function changeError(change: IpvsChange, answer: Acknowledgement | undefined): KernelError | undefined {
  if (answer === undefined || answer.errno === 0) return undefined;
  const detail = answer.text ?? reason(change, answer.errno);
  return new KernelError({
    operation: OPERATIONS[change.op],
    target: target(change),
    errno: answer.errno,
    detail,
  });
}

function target(change: IpvsChange): string {
  if ('service' in change) return serviceKey(change.service.id);
  const service = serviceKey(change.id);
  return 'destination' in change ? `${service} → ${destinationKey(change.destination)}` : service;
}

function reason(change: IpvsChange, errno: number): string | undefined {
  if ('service' in change && errno === ENOENT) {
    const module = `ip_vs_${change.service.scheduler}`;
    return `the kernel has no scheduler ${change.service.scheduler}; load it: modprobe ${module}`;
  }
  if (errno === EEXIST) return 'it is there already';
  if (errno === ESRCH) return 'the service is not there';
  if (errno === ENOENT) return 'the destination is not there';
  return undefined;
}
