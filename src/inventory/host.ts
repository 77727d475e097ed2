/** A host as the inventory and the topology describe it; ~/.ssh/config fills in what is null. */

export interface Host {
  readonly name: string;
  /** What is dialled, and looked up in ~/.ssh/config; the name unless something else is written. */
  readonly address: string;
  readonly port: number | null;
  readonly user: string | null;
  /** Private key file; ~ is not expanded. */
  readonly identity: string | null;
  /** Login password (ansible_password). */
  readonly password: string | null;
  /** Run by sh, with %h, %p, %r, %n still in it. */
  readonly proxyCommand: string | null;
  /** [user@]host[:port], several joined by commas, the first one dialled first. */
  readonly jump: string | null;
  /** ~ is not expanded; null: the usual two. */
  readonly knownHostsFiles: readonly string[] | null;
  readonly hostKeyPolicy: 'strict' | 'accept-new' | 'off' | null;
  readonly identitiesOnly: boolean | null;
  /** null: none when the user is root, else sudo. */
  readonly become: 'none' | 'sudo' | 'doas' | null;
  readonly becomePassword: string | null;
  /** Inventory variables after precedence all < parent < child < host. */
  readonly vars: Readonly<Record<string, unknown>>;
  /** Inventory groups (`all` included), then `directors`, `realservers` and the topology's groups. */
  readonly groups: readonly string[];
}

export interface InventoryHost {
  readonly name: string;
  readonly vars: Readonly<Record<string, unknown>>;
  /** From `all` down to the innermost. */
  readonly groups: readonly string[];
}

export interface Inventory {
  readonly file: string;
  readonly hosts: readonly InventoryHost[];
  readonly groups: readonly string[];
}
