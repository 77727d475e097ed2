/** What an earlier release has stored or sent may lack what services have learnt since: it means what it meant then. Pure. */
import type { ServiceConfig } from '../config/service.ts';
import type { StoredConfig } from './config-shape.ts';

type Learnt = Pick<ServiceConfig, 'slowStartMs' | 'failOpenShare' | 'sorry' | 'notify' | 'onlyWhenMaster'>;

const NONE: Learnt = {
  slowStartMs: 0,
  failOpenShare: 1,
  sorry: null,
  notify: { up: null, down: null, user: 'lvs-script' },
  onlyWhenMaster: false,
};
const NO_QUORUM: Omit<ServiceConfig['quorum'], 'weight'> = { hysteresis: 0, up: null, down: null, onStop: 'none' };

export function completed(stored: StoredConfig): StoredConfig {
  const services = stored.config.services.map((service) => ({
    ...NONE,
    ...service,
    quorum: { ...NO_QUORUM, ...service.quorum },
  }));
  return { ...stored, config: { ...stored.config, services } };
}
