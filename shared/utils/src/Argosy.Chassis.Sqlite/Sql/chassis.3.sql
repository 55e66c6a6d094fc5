-- Sessions and tokens that ended before their time, until the last token of theirs has expired
create table sys_denied (id text primary key, until bigint not null) without rowid;
create index sys_denied_until on sys_denied (until);

-- The audit trail: how it went, in which trace; and the seals that chain its entries. Nothing of it is ever changed or removed
alter table sys_audit add column outcome text not null default 'done';
alter table sys_audit add column trace text not null default '';
create table sys_audit_seal (id bigint primary key, hash text not null) without rowid;
create trigger sys_audit_update before update on sys_audit begin select raise(abort, 'the audit trail is append-only'); end;
create trigger sys_audit_delete before delete on sys_audit begin select raise(abort, 'the audit trail is append-only'); end;
create trigger sys_audit_seal_update before update on sys_audit_seal begin select raise(abort, 'the audit trail is append-only'); end;
create trigger sys_audit_seal_delete before delete on sys_audit_seal begin select raise(abort, 'the audit trail is append-only'); end;
