apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../service
namePrefix: {{name}}-
labels:
  - pairs: { app.kubernetes.io/name: {{name}} }
    includeSelectors: true
    includeTemplates: true
images:
  - { name: service, newName: stampede/{{name}} }
patches:
  # The Secret {{name}}-database holds the URL of its database.
  - target: { kind: Deployment }
    patch: |-
      - { op: replace, path: /spec/template/spec/containers/0/env/0/valueFrom/secretKeyRef/name, value: {{name}}-database }
  - target: { kind: Job }
    patch: |-
      - { op: replace, path: /spec/template/spec/containers/0/env/0/valueFrom/secretKeyRef/name, value: {{name}}-database }
