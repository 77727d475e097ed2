/** `lvsctl schema`: the JSON Schema of topologies, for editors. */
import { Command } from 'commander';
import { topologyJsonSchema } from '../config/json-schema.ts';
import { createOutput } from '../output/output.ts';

export function schemaCommand(): Command {
  return new Command('schema')
    .description('Prints the JSON Schema (draft 2020-12) of topologies, for completion and checks in editors.')
    .addHelpText(
      'after',
      `
Examples:
  lvsctl schema > topology.schema.json
  # then, as the first line of topology.yaml:
  # yaml-language-server: $schema=topology.schema.json`,
    )
    .action((_options: unknown, command: Command) => {
      // The schema is JSON with and without --json.
      createOutput({ ...command.optsWithGlobals(), json: true }).document(topologyJsonSchema());
    });
}
