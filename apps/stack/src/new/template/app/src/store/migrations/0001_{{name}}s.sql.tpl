create table {{name}}s (
  id uuid primary key,
  owner_id uuid not null,
  title text not null,
  created_at timestamptz not null default now()
);
