insert into system_settings (setting_key, setting_name, setting_type, category, setting_value, default_value,
                             description, is_system, display_order, updated_by, created_at, updated_at)
select s.key, s.name, s.type::setting_type, s.category::setting_category, s.value, s.value,
       s.description, true, row_number() over (), u.id, now(), now()
from users u,
     (values
        ('timezone',            'Time zone',            'string',  'general',       'UTC',        'Times are shown in this zone'),
        ('currency',            'Currency',             'string',  'financial',     'USD',        'All prices are in this currency'),
        ('date_format',         'Date format',          'string',  'general',       'YYYY-MM-DD', 'How dates are shown'),
        ('time_format',         'Time format',          'string',  'general',       '24h',        'How times are shown'),
        ('rental_grace_period', 'Grace period',         'integer', 'rental',        '24',         'Hours after the agreed return without a fee'),
        ('late_fee_percentage', 'Late fee',             'decimal', 'rental',        '10',         'Percent of the daily rate, for each day late'),
        ('max_rental_days',     'Longest rental',       'integer', 'rental',        '30',         'Days; longer needs an extension'),
        ('min_rental_hours',    'Shortest rental',      'integer', 'rental',        '4',          'Hours that are charged at least'),
        ('deposit_required',    'Deposit required',     'boolean', 'business_rule', 'true',       'No hand-over without a deposit; nobody''s exempt'),
        ('deposit_percentage',  'Deposit',              'decimal', 'business_rule', '20',         'Percent of the sale price, where an item names none'),
        ('allow_overbooking',   'Overbooking',          'boolean', 'business_rule', 'false',      'Reserve units that are still out'),
        ('max_extensions',      'Extensions per rental','integer', 'business_rule', '2',          'How often a rental can be prolonged'),
        ('inspect_on_return',   'Inspection on return', 'boolean', 'business_rule', 'true',       'Returned units wait for an inspection; then they are available')
     ) as s (key, name, type, category, value, description)
where u.username = current_setting('resetctl.admin_username');
