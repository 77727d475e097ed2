/** What the instances of one director track outside of VRRP. */
import type { Config } from './config.ts';
import type { TrackScriptConfig } from './instance.ts';
import type { ServiceConfig } from './service.ts';

export interface Tracked {
  readonly scripts: readonly TrackScriptConfig[];
  readonly services: readonly ServiceConfig[];
  /** Paths. */
  readonly files: readonly string[];
}

export function trackedOn(config: Config, director: string): Tracked {
  const tracks = config.instances
    .filter(({ speakers }) => speakers.some((speaker) => speaker.director === director))
    .map(({ track }) => track);
  const scripts = new Set(tracks.flatMap((track) => track.scripts.map(({ name }) => name)));
  const services = new Set(tracks.flatMap((track) => track.services.map(({ name }) => name)));
  return {
    scripts: config.scripts.filter(({ name }) => scripts.has(name)),
    services: config.services.filter(({ name }) => services.has(name)),
    files: [...new Set(tracks.flatMap((track) => track.files.map(({ path }) => path)))],
  };
}
