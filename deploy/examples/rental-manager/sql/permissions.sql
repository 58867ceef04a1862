-- One permission for each resource and action: 8 x 4 = 32, named resource:action.
insert into permissions (name, resource, action, description, risk_level, created_at)
select resource || ':' || action, resource, action, initcap(action) || ' ' || resource,
       (case
          when resource = 'users' and action <> 'read' then 'critical'
          when action = 'delete' then 'high'
          when action = 'read' then 'low'
          else 'medium'
        end)::risk_level,
       now()
from unnest(array['users', 'items', 'customers', 'suppliers', 'rentals', 'purchases', 'inventory', 'reports']) as resource,
     unnest(array['create', 'read', 'update', 'delete']) as action;
