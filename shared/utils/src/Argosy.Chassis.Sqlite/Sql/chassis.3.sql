-- Sessions and tokens that ended before their time, until the last token of theirs has expired
create table sys_denied (id text primary key, until bigint not null) without rowid;
create index sys_denied_until on sys_denied (until);
