-- Sessions and tokens that ended before their time, until the last token of theirs has expired
create table sys_denied (id text primary key, until bigint not null);
create index sys_denied_until on sys_denied (until);

-- The audit trail: how it went, in which trace; and the seals that chain its entries. Nothing of it is ever changed or removed
alter table sys_audit add column outcome text not null default 'done';
alter table sys_audit add column trace text not null default '';
create table sys_audit_seal (id bigint primary key, hash text not null);
create function sys_append_only() returns trigger language plpgsql as 'begin raise exception ''the audit trail is append-only''; end';
create trigger sys_audit_kept before update or delete or truncate on sys_audit for each statement execute function sys_append_only();
create trigger sys_audit_seal_kept before update or delete or truncate on sys_audit_seal for each statement execute function sys_append_only();
