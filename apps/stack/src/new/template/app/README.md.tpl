# {{name}}

What it is for, how it works, what it promises: one screen.

- `Create{{Name}}` makes one, `Get{{Name}}` reads one's own; somebody else's is not found.
- Settings: `{{NAME}}_MAXTITLELENGTH` or `/config/{{name}}/maxTitleLength` (100).
