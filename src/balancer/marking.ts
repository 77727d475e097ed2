/** The rules that give packets to a fwmark service's listeners its mark. Those of relays are in relay.ts. */
import type { Config } from '../config/config.ts';
import type { Protocol } from '../config/service.ts';
import type { Address } from '../wire/address.ts';

export interface Marking {
  readonly address: Address;
  readonly protocol: Protocol;
  /** 0: every port. */
  readonly port: number;
  readonly mark: number;
  /** Only TCP packets that open no connection. */
  readonly midstream?: boolean;
}

export function markings(config: Config): Marking[] {
  return config.services.flatMap(({ mark, listen }) =>
    mark === null ? [] : listen.map(({ address, protocol, port }) => ({ address, protocol, port, mark })),
  );
}
