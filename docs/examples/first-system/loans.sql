create table loans (
  book_id   text primary key,
  reader_id text,
  times     integer not null
);
