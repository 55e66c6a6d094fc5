-- What a customer tells about themselves. addresses is a JSON array: always read and written as a whole, with the profile's version.
create table profiles (id text primary key, email text not null, name text not null, addresses text not null, language text,
                       version bigint not null, created bigint not null, updated bigint not null);

-- Who was erased: nothing but the id, so that a message delivered again does not bring anybody back.
create table erased (id text primary key, at bigint not null);
