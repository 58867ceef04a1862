insert into change_notes (noted_at, author, note)
values (now(), 'resetctl', 'Rentals, transactions and stock movements were reset');
