/** The states of a virtual router on a director. Apart from the schema, whose library the agent does not load. */
export const VRRP_STATES = ['INIT', 'BACKUP', 'MASTER', 'FAULT'] as const;
