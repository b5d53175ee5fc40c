import type { Answer } from './answer.ts';
import type { EtcdNode } from './etcd-node.ts';

/** The API level that this server speaks; clients refuse what they take for an older one. */
const VERSION = '3.5.0+stampede';

export function clusterService(node: EtcdNode, answer: Answer, endpoint: () => string) {
  return {
    memberList: answer(() => ({
      members: [{ ID: node.memberId, name: 'embedded', peerURLs: [], clientURLs: [endpoint()], isLearner: false }],
    })),
  };
}

export function maintenanceService(node: EtcdNode, answer: Answer) {
  return {
    status: answer(() => {
      const { revision, raftTerm } = node.header();
      const { live, kept } = node.keys.bytes;
      return {
        version: VERSION,
        dbSize: kept,
        dbSizeInUse: live,
        leader: node.memberId,
        raftIndex: revision,
        raftAppliedIndex: revision,
        raftTerm,
      };
    }),
  };
}
