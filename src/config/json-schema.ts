/** The JSON Schema of topologies, for editors; from the same shapes that validate. */
import { topology } from './schema/topology.ts';
import type { Json } from './shape/shape.ts';

/** Draft 2020-12. It describes the form; references and contradictions are for `lvsctl validate`. */
export function topologyJsonSchema(): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'lvsctl topology',
    description: 'One Linux Virtual Server cluster: directors, realservers, virtual addresses and services.',
    ...topology.json,
  };
}
