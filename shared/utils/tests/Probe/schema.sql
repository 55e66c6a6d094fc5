-- Something that is still to be done outside.
create table errand (id text primary key, stream text not null, due bigint not null, attempts bigint not null, context text not null);
create index errand_due on errand (due);
