import type { Insertion } from './insert-text.ts';

/** What a new service adds to the manifests that all services share: Kubernetes' base and overlay, the databases to be made, the compose file. */
export function deployLines(name: string): readonly Insertion[] {
  return [
    { file: 'deploy/k8s/base/kustomization.yaml', at: /^ {2}- [a-z][a-z0-9]*$/gm, text: `\n  - ${name}` },
    {
      file: 'deploy/k8s/overlays/dev/kustomization.yaml',
      at: /^ {2}- \{ name: stampede\/\w+, newTag: dev \}$/gm,
      text: `\n  - { name: stampede/${name}, newTag: dev }`,
    },
    {
      file: 'deploy/k8s/overlays/dev/kustomization.yaml',
      at: /^ {4}literals: \[url=.*\]$/gm,
      text: `\n  - name: ${name}-database\n    literals: [url=postgres://${name}:stampede@postgres/${name}]`,
    },
    { file: 'deploy/postgres/stateful-set.yaml', at: /STAMPEDE_DATABASES\n\s+value: .*$/gm, text: ` ${name}` },
    { file: 'deploy/compose.yaml', at: /STAMPEDE_DATABASES: .*$/gm, text: ` ${name}` },
    { file: 'deploy/compose.yaml', at: /^ {2}gateway:$/gm, before: true, text: composed(name) },
    { file: 'deploy/package.json', at: /"implicitDependencies": \[/g, text: `\n      "${name}",` },
  ];
}

function composed(name: string): string {
  return `  ${name}:
    <<: *service
    image: stampede/${name}
    build: { context: .., dockerfile: deploy/Dockerfile, args: { SERVICE: ${name} } }
    environment:
      <<: *environment
      DATABASE_URL: postgres://${name}:\${STAMPEDE_POSTGRES_PASSWORD:-stampede}@postgres/${name}
    depends_on: *after-backing
`;
}
