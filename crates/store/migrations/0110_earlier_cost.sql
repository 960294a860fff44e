-- What a message had been charged when a person sent it again, as a part of its cost: a receipt tells the charge of the attempt that it is about.
ALTER TABLE messages ADD COLUMN earlier_cost BIGINT;
