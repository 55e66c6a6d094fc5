-- What one instance does at a time
create table sys_lease (name text primary key, owner text not null, epoch bigint not null, until bigint not null) without rowid;
