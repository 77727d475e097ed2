/** What the commands of services speak of: the quorum of one, or one of its realservers. Pure. */
import type { Config } from '../../config/config.ts';
import type { Argv } from '../../config/instance.ts';
import type { ServiceConfig } from '../../config/service.ts';

export interface ServiceSubject {
  readonly type: 'QUORUM' | 'REALSERVER';
  /** `http`, or `web1 of http`. */
  readonly name: string;
  readonly service: string;
  readonly realserver: string | null;
  readonly vips: readonly string[];
  readonly commands: {
    readonly up: Argv | null;
    readonly down: Argv | null;
    /** When the agent is stopped for good while it is up. */
    readonly stop: Argv | null;
  };
  readonly user: string;
}

/** Those that have commands. The commands of a quorum are run by the user of `notify`. */
export function serviceSubjectsOf({ services }: Pick<Config, 'services'>): ServiceSubject[] {
  return services.flatMap((service) => {
    const realservers = service.realservers.map(({ name }) => realserverSubject(service, name));
    return [quorumSubject(service), ...realservers].filter(
      ({ commands }) => commands.up !== null || commands.down !== null,
    );
  });
}

export function realserverName(service: string, realserver: string): string {
  return `${realserver} of ${service}`;
}

function quorumSubject(service: ServiceConfig): ServiceSubject {
  const { up, down, onStop } = service.quorum;
  return {
    ...{ type: 'QUORUM', name: service.name, realserver: null },
    ...shared(service),
    commands: { up, down, stop: onStop === 'down' ? down : null },
  };
}

function realserverSubject(service: ServiceConfig, realserver: string): ServiceSubject {
  const { up, down } = service.notify;
  return {
    ...{ type: 'REALSERVER', name: realserverName(service.name, realserver), realserver },
    ...shared(service),
    commands: { up, down, stop: null },
  };
}

function shared({ name, listen, notify: { user } }: ServiceConfig) {
  return { service: name, vips: [...new Set(listen.map(({ address }) => address))], user };
}
