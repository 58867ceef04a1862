-- Stock is counted again from the units on the shelf.
insert into stock_levels (item_id, location_id, on_hand, available, rented, updated_at)
select item_id, location_id, count(*), count(*) filter (where status = 'available'), 0, now()
from inventory_units
where status <> 'retired'
group by item_id, location_id;
