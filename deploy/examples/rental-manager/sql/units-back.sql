-- With the rentals gone, no unit is out any more, and none knows the purchase it came from.
update inventory_units
set status = case when status in ('rented', 'reserved') then 'available' else status end,
    purchase_line_id = null,
    updated_at = now()
where status in ('rented', 'reserved') or purchase_line_id is not null;
