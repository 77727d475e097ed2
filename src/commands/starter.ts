/** What `lvsctl init` writes: small enough to read, and valid as it stands. */

export const STARTER_TOPOLOGY = `# yaml-language-server: $schema=topology.schema.json
# One Linux Virtual Server cluster. \`lvsctl explain KEY\` says what a key means and why its default is what it is;
# \`lvsctl validate\` checks this file, \`lvsctl plan\` shows what would change, \`lvsctl apply\` makes it so.
cluster: my-cluster

# How to reach the hosts; addresses and users of single hosts stand in the inventory.
inventory: inventory.yaml

directors:                                # they hold the virtual addresses and spread the connections
  lb1: { dip: { eth0: 192.0.2.11 } }      # interface: the director's own address there
  lb2: { dip: { eth0: 192.0.2.12 } }

realservers:                              # they answer
  web1: { rip: 192.0.2.21 }
  web2: { rip: 192.0.2.22, weight: 2 }    # twice the connections of web1

vrrp:
  public:
    vrid: 51                              # 1 to 255, used by nobody else on this network
    vips: [192.0.2.100]                   # the address that clients know
    prefer: [lb1, lb2]                    # who holds it at a cold start; nobody is pre-empted later
    # advert_interval: 1s                 # failover takes about three of these

services:
  http:
    listen: 192.0.2.100:80
    mode: dr                              # dr: same network, answers go straight to clients | nat | tun
    scheduler: wrr                        # default wlc
    # persistence: 10m                    # a client stays on its realserver for this long
    checks:
      - { http: /, status: 200 }          # a realserver that fails it gets no new connections
      # - { http: /, via: vip }           # asked by the way of clients, through IPVS: finds a missing VIP there, too
`;

export const STARTER_INVENTORY = `# An Ansible YAML inventory: its hosts lend their connection settings to the hosts of the topology by name.
# ~/.ssh/config is read too, and known_hosts is checked.
all:
  vars:
    ansible_user: admin                   # needs sudo on the hosts
    # ansible_private_key_file: ~/.ssh/id_ed25519
    # ansible_ssh_common_args: -o ProxyJump=bastion.example.com
  children:
    directors:
      hosts:
        lb1: { ansible_host: 192.0.2.11 }
        lb2: { ansible_host: 192.0.2.12 }
    realservers:
      hosts:
        web1: { ansible_host: 192.0.2.21 }
        web2: { ansible_host: 192.0.2.22 }
`;
